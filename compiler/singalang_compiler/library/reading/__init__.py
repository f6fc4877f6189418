"""What several source kinds read alike: files, columns, the IDX and RecordProto formats. Knows no kind."""
