"""The shapes of eMIP 0.7.4, the table of its operations, and bytes to shapes and back."""
