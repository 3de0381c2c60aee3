"""Commands that look after a store: doctor, backup, restore, bench."""
