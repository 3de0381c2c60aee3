"""wager: what should this person see in this place, now? Every answer is a bet, said openly."""
