"""What came of bets, folded into what will be bet next."""
