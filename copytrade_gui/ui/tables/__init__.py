"""Tables: columns as data over frozen rows, one model and one view for all of them."""
