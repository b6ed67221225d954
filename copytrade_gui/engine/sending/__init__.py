"""From a plan to its bytes, and what becomes of them: one commit, one wave, replies, cancels."""
