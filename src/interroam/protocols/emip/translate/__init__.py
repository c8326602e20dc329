"""eMIP on the wire ⇄ the model, in pairs: pure."""
