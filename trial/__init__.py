"""The trial: a week of real statuses from a CPO node through a hub to an eMSP node, compared at the end."""
