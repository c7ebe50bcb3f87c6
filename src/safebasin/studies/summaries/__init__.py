"""From a store to a summary: verdicts become arrays, arrays become estimates."""
