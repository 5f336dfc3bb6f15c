"""Speech: what is written becomes words (words, russian, english), words sound (voice), sound words (asr)."""
