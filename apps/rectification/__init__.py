"""Putting it right: adjustments of stock.

Nouns: adjustment (a proposal to bring the stock of a count's variances to what was counted), adjustment line.

Laws
- proposed → approved by another person → posted once → reversible by counter-entry. What was approved is what is
  posted: the content hash is checked again, under lock, in the posting transaction.
- A variance is in at most one live adjustment: a unique constraint, whatever is retried, killed or run at once.
- Nobody approves what they proposed, nor the adjustment of a count in which they counted.
- Stock that was counted again, or corrected for another count, since its count is not adjusted: it would be twice.

Stock itself is written by movements, as an adjustment document.
"""
