"""What people may do with a node; each change is checked, made and audited."""
