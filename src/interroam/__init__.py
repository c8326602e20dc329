"""An open roaming hub for electric-vehicle charging."""
