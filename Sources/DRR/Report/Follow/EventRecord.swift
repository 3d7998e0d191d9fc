import DRRCore

/// A record of an event file: `Event` of TensorFlow's protocol buffers.
struct EventRecord {
  /// Unix seconds.
  var time: Double
  var step = 0
  var content: Content

  enum Content {
    /// What a file begins with.
    case version
    case values([Value])
  }

  /// A value of a summary, under a tag.
  enum Value {
    case number(String, Double)
    case histogram(String, Histogram)
    case hyperparameters(HyperparameterSummary)
  }

  /// The record as the file has it.
  var bytes: [UInt8] {
    let event = ProtocolBuffer { event in
      event.add(1, time)
      event.add(2, step)
      switch content {
      case .version: event.add(3, "brain.Event:2")
      case .values(let values):
        event.add(
          5, ProtocolBuffer { summary in for value in values { summary.add(1, value.message) } })
      }
    }
    return TensorRecord.framed(event.bytes)
  }
}

extension EventRecord.Value {
  /// `Summary.Value`.
  fileprivate var message: ProtocolBuffer {
    ProtocolBuffer { value in
      switch self {
      case .number(let tag, let number):
        value.add(1, tag)
        value.add(2, Float(number))
      case .histogram(let tag, let histogram):
        value.add(1, tag)
        value.add(5, histogram.message)
      case .hyperparameters(let summary):
        value.add(1, summary.tag)
        // A tensor of no floats: all is in the metadata.
        value.add(
          8,
          ProtocolBuffer { tensor in
            tensor.add(1, 1)
            tensor.add(2, ProtocolBuffer { shape in shape.add(2, ProtocolBuffer { $0.add(1, 0) }) })
          })
        value.add(
          9,
          ProtocolBuffer { metadata in
            metadata.add(
              1,
              ProtocolBuffer { plugin in
                plugin.add(1, "hparams")
                plugin.add(2, summary.message)
              })
          })
      }
    }
  }
}

extension Histogram {
  /// `HistogramProto`. Sums of the values are not known.
  fileprivate var message: ProtocolBuffer {
    ProtocolBuffer { histogram in
      histogram.add(1, edges.first ?? 0)
      histogram.add(2, edges.last ?? 0)
      histogram.add(3, counts.reduce(0) { $0 + Double($1) })
      histogram.add(6, packed: Array(edges.dropFirst()))
      histogram.add(7, packed: counts.map(Double.init))
    }
  }
}
