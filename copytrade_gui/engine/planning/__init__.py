"""A signal becomes children: sized, checked, and bounded by what the copies hold."""
