//! Totals and pages from what the ledger counted; still to come.
