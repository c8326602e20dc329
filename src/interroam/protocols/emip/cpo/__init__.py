"""The CPO's side: a node whose back office runs charging points, before a platform that speaks eMIP."""
