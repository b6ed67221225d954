"""What the words mean: values and rules. No I/O, no clock, no asyncio; imports nothing of ours."""
