internal import ProcessTreeWire

/// The failures of several children of a group.
///
/// If only one child failed, the group throws that child's error itself.
public struct ChildGroupFailure: Error, Sendable, CustomStringConvertible {
  /// The errors in the order of their arrival: ``RemoteFailure``, ``ChildFailure``, or the error of
  /// the group's body.
  public let failures: [any Error]

  /// Makes a failure from several errors.
  public init(failures: [any Error]) { self.failures = failures }

  /// The number of failures and the first ten of them, 1,024 bytes of each.
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
  /// Decodes failures from another process; each is a ``RemoteFailure`` or a ``ChildFailure``.
  ///
  /// - Throws: A `DecodingError` if the data are no failures.
  public init(from decoder: any Decoder) throws {
    failures = try [Portable](from: decoder).map(\.error)
  }

  /// Encodes the failures; an error of another type is encoded as its description.
  ///
  /// - Throws: An `EncodingError` of the encoder.
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
