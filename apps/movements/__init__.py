"""Goods in motion: documents, the stock ledger, the finance ledger. The only writer of stock.

Nouns: document (head and lines; purchase order to waybill, gift, scrap, adjustment), chain (link: which line
follows which; finding: what is missing, late, too much; node: limit and usual lags of a type of document), stock line
(item × warehouse × location × lot), ledger entry (what a posted line did to a stock line), finance balance (the
finance book's figures).

Laws
- The ledger is append-only and corrected only by reversal. A stock line's quantity is the sum of its entries,
  always: a trigger keeps it, and nothing else may write it.
- Three moments: occurred (goods moved), recorded (document keyed), posted (reached the ledger).
- Only posted lines move stock. A posted document is not edited: it is reversed.
- Postings lock their stock lines in one order (by id), so that posters never deadlock.
- `signals.before_posting` lets counts stop or delay a posting in a frozen location; `signals.posted` tells the upper
  floors, also of documents that come late.

- The chain is derived from the documents and never written otherwise; a guess is marked as one.

It never judges: what a difference means is for variances.
"""
