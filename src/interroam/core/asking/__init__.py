"""Questions and commands: who is asked, in which order, and what is durable before the answer leaves."""
