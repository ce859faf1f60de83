"""Sample answers: kept, judged, and compared with what the check promised."""
