"""What redress costs and how fast it is, side by side with others: `make bench`. Results in docs/performance.md."""
