internal import MessagePack
internal import Wire

/// An error that a node's program threw and nobody caught, as it arrives at whoever awaits the node.
///
/// It always has the error's type name and text. The error itself travels along when it is
/// `Codable` and can be had by ``underlying(as:)``. Each node that let the failure pass adds itself
/// to the path.
public struct RemoteFailure: Error, Hashable, Sendable, Codable, CustomStringConvertible {
  /// The name of the error's type, with its module.
  public let typeName: String
  /// The error in words.
  public let text: String
  /// The names of the nodes that the failure crossed: first the one where it happened.
  public private(set) var path: [String]

  private let encodedError: [UInt8]?

  /// Makes a failure of an error that happened in this node and is told to another by a message.
  ///
  /// The error itself travels along when it is `Codable`; one that is a remote failure already keeps
  /// its path, to which this node is added.
  public init(_ error: any Error, at node: Node) {
    self.init(error, at: node.name)
  }

  /// Makes a failure of an error that left the program of the node named `node`.
  init(_ error: any Error, at node: String) {
    self.init(carrying: error)
    path.append(node)
  }

  /// Makes a failure that has crossed no node yet; one that is a remote failure stays as it is.
  init(carrying error: any Error) {
    if let failure = error as? RemoteFailure {
      self = failure
      return
    }
    typeName = _typeName(type(of: error), qualified: true)
    text = String(describing: error).limited(to: WireLimits.text)
    path = []
    let encoded = (error as? any Encodable).flatMap { try? MessagePackEncoder().encode($0) }
    // One that is too large stays behind; its text goes.
    encodedError = encoded.flatMap { $0.count <= WireLimits.record ? $0 : nil }
  }

  /// The node where it happened.
  public var origin: String { path.first ?? "" }

  /// The error itself, when it is of this type and travelled along; nil otherwise.
  ///
  /// Nothing but the type asked for is ever decoded.
  public func underlying<Underlying: Error & Decodable>(
    as type: Underlying.Type
  ) -> Underlying? {
    guard let encodedError, typeName == _typeName(type, qualified: true) else { return nil }
    return try? MessagePackDecoder().decode(type, from: encodedError)
  }

  /// The error and the nodes that it crossed.
  public var description: String {
    "\(typeName): \(text) [\(path.joined(separator: " > "))]"
  }
}

extension RemoteFailure {
  /// The failure as it crosses a process.
  func encoded() throws -> [UInt8] { try MessagePackEncoder().encode(self) }

  init(encoded: [UInt8]) throws {
    self = try MessagePackDecoder().decode(Self.self, from: encoded)
  }
}
