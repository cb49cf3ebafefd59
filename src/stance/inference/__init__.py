"""Labels files with a checkpoint, and turns checkpoints into ONNX files, cascades and packaged weights."""
