"""The journal and its projections on disk, behind one writer."""
