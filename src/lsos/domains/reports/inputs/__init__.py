"""What each room measured last, as facts of a report; None when it has measured nothing."""
