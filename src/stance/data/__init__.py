"""From files of judgements to a dataset with train, validation and test parts."""
