"""The eMSP's side: a node whose back office sells charging, before a platform that speaks eMIP."""
