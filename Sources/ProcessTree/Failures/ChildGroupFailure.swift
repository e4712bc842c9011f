internal import ProcessTreeWire

/// Several children of a group failed; all the errors that came, in the order in which they came.
///
/// A group in which one child failed throws that child's error itself.
public struct ChildGroupFailure: Error, Sendable, CustomStringConvertible {
  /// The errors: ``RemoteFailure`` and ``ChildFailure``, or what the group's own body threw.
  public let failures: [any Error]

  /// Makes a failure of several.
  public init(failures: [any Error]) { self.failures = failures }

  /// How many failed, and how; of the first ten, 1,024 bytes of each.
  public var description: String {
    let told = failures.prefix(Self.mostTold).map {
      String(describing: $0).limited(to: Self.longestTold)
    }
    let rest = failures.count - told.count
    return "\(failures.count) failures: " + told.joined(separator: "; ")
      + (rest > 0 ? "; and \(rest) more" : "")
  }

  private static let mostTold = 10
  private static let longestTold = 1_024
}

extension ChildGroupFailure: Codable {
  /// Decodes failures that crossed a process; each is a ``RemoteFailure`` or a ``ChildFailure``.
  public init(from decoder: any Decoder) throws {
    failures = try [Portable](from: decoder).map(\.error)
  }

  /// Encodes the failures; errors of other types as what they say.
  public func encode(to encoder: any Encoder) throws {
    try failures.map(Portable.init).encode(to: encoder)
  }

  private enum Portable: Codable {
    case remote(RemoteFailure)
    case child(ChildFailure)

    init(_ error: any Error) {
      self = (error as? ChildFailure).map(Self.child) ?? .remote(RemoteFailure(carrying: error))
    }

    var error: any Error {
      switch self {
      case .remote(let failure): failure
      case .child(let failure): failure
      }
    }
  }
}
