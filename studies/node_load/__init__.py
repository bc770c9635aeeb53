"""What the nodes take, how late their commands are, and what large messages do to them."""
