"""The map of a folder of reports: who is for or against which proposal, since when, on which sentences, how sure."""
