"""A user of the house: starts nodes as processes of their own, drives them through their APIs, and tells the story."""
