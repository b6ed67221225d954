"""Opens what lies in the folder, and keeps copies of it: upgrade, repair, backup, witness."""
