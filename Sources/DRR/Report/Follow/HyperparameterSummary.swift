import DRRCore

/// What TensorBoard's plugin of hyper-parameters reads: `HParamsPluginData`.
enum HyperparameterSummary {
  /// Names and kinds of settings of several runs, and the tags of what they reported.
  case experiment(begun: Double, settings: [String: Hyperparameter], metrics: [String])
  /// The settings of a run that begins, by name.
  case start(Double, settings: [String: Hyperparameter])
  /// When a run came as far as its metrics tell, and whether that is its end.
  case end(Double, isFinished: Bool)

  var tag: String {
    switch self {
    case .experiment: "_hparams_/experiment"
    case .start: "_hparams_/session_start_info"
    case .end: "_hparams_/session_end_info"
    }
  }

  var message: ProtocolBuffer {
    ProtocolBuffer { data in
      switch self {
      case .experiment(let begun, let settings, let metrics):
        data.add(
          2,
          ProtocolBuffer { experiment in
            experiment.add(3, begun)
            for (name, value) in settings.sorted(by: { $0.key < $1.key }) {
              experiment.add(
                4,
                ProtocolBuffer { info in
                  info.add(1, name)
                  info.add(4, value.kind)
                })
            }
            for tag in metrics {
              experiment.add(
                5,
                ProtocolBuffer { info in
                  info.add(1, ProtocolBuffer { name in name.add(2, tag) })
                })
            }
          })
      case .start(let time, let settings):
        data.add(
          3,
          ProtocolBuffer { start in
            for (name, value) in settings.sorted(by: { $0.key < $1.key }) {
              start.add(
                1,
                ProtocolBuffer { entry in
                  entry.add(1, name)
                  entry.add(2, value.message)
                })
            }
            start.add(5, time)
          })
      case .end(let time, let isFinished):
        data.add(
          4,
          ProtocolBuffer { end in
            end.add(1, isFinished ? 1 : 0)
            end.add(2, time)
          })
      }
    }
  }
}

/// The value of a setting.
enum Hyperparameter: Equatable {
  case text(String)
  case truth(Bool)
  case number(Double)

  /// Whole numbers that a `Double` cannot tell from their neighbours, such as large seeds, stay text.
  init(_ text: String) {
    if let truth = Bool(text) {
      self = .truth(truth)
    } else if let number = Double(text), number.isFinite, abs(number) <= 0x1p53 {
      self = .number(number)
    } else {
      self = .text(text)
    }
  }

  /// As `DataType` counts them.
  var kind: Int {
    switch self {
    case .text: 1
    case .truth: 2
    case .number: 3
    }
  }

  /// `google.protobuf.Value`.
  fileprivate var message: ProtocolBuffer {
    ProtocolBuffer { value in
      switch self {
      case .number(let number): value.add(2, number)
      case .text(let text): value.add(3, text)
      case .truth(let truth): value.add(4, truth ? 1 : 0)
      }
    }
  }
}
