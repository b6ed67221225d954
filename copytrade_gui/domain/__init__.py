"""What the words mean: pure values and rules. No I/O, no clock, no asyncio; imports nothing of ours."""
