"""One writer per format. Each streams a document's rows and keeps none but the page at hand."""
