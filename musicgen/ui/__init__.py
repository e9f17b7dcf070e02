"""The page. The only place that imports gradio; the engine knows nothing of it."""
