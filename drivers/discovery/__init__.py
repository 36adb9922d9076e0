"""Finding devices: sources see, a ledger merges what they saw to devices, a manager runs it all."""
