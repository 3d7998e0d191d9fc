import DRR
