"""From reports to the map: who stands where on which proposal, since when, on what evidence, how sure."""
