"""What is held and what it brought: positions, their sums, and leaving them."""
