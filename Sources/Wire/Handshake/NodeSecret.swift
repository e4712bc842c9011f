package import ProcessTreeBase

/// What a node proves with that it is the node at its path.
///
/// A child's secret is derived from its parent's and the child's position. So a node can derive the
/// secret of each node below it, and that of no other: siblings do not know each other's, and a
/// child does not know its parent's. Proofs are hashes under a secret; no secret is ever sent,
/// except to the child itself by the descriptor that it inherits.
package struct NodeSecret: Sendable {
  package let path: NodePath
  private let secret: Secret

  package init(_ secret: Secret, of path: NodePath) {
    self.secret = secret
    self.path = path
  }

  /// Calls a closure with the bytes, for the descriptor that the node inherits.
  package func withUnsafeBytes<Value, Failure>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    try secret.withUnsafeBytes(body)
  }

  /// The secret of a child.
  package func child(_ position: UInt32) -> Self {
    Self(secret.derive(.child, position), of: path.child(position))
  }

  /// The secret of this node or one below it; nil for any other.
  package func secret(of node: NodePath) -> Self? {
    guard node.isWithin(path) else { return nil }
    return node.positions.dropFirst(path.positions.count).reduce(self) { $0.child($1) }
  }

  // MARK: Control connections

  /// The proof of this node for its parent, valid for one process.
  ///
  /// - Parameters:
  ///   - attempt: The number of the attempt to start the node.
  ///   - pid: The process, which the kernel names to the parent.
  package func controlProof(attempt: UInt32, pid: Int32) -> Proof {
    secret.prove(.control, attempt, pid)
  }

  /// The proof of this node's parent for the node.
  package func welcomeProof(attempt: UInt32, pid: Int32) -> Proof {
    secret.prove(.welcome, attempt, pid)
  }

  // MARK: Data links

  /// What the ends of a link prove themselves with; nil if this node is above neither, and is
  /// neither.
  ///
  /// It is derived from the secret of the end that is above none or, where neither is above the
  /// other, of the end that listens.
  package func linkSecret(from connector: NodePath, to listener: NodePath) -> LinkSecret? {
    let (lower, other) =
      connector.isWithin(listener) ? (connector, listener) : (listener, connector)
    return secret(of: lower).map { LinkSecret($0.secret.derive(.link, other)) }
  }

  /// Seals the secret of a link for the end that connects, so that nobody on the way can read it;
  /// nil unless this node is above both ends.
  package func pass(from connector: NodePath, to listener: NodePath) -> Pass? {
    guard let key = linkSecret(from: connector, to: listener),
      let seal = secret(of: connector)?.secret.derive(.seal, listener)
    else { return nil }
    return Pass(bytes: key.secret.combined(with: seal))
  }

  /// Opens a pass for a link from this node.
  package func open(_ pass: Pass, to listener: NodePath) -> LinkSecret? {
    guard pass.bytes.count == Secret.size else { return nil }
    let seal = secret.derive(.seal, listener)
    return LinkSecret(
      Secret { place in
        seal.withUnsafeBytes { seal in
          for index in 0..<Secret.size { place[index] = seal[index] ^ pass.bytes[index] }
        }
      })
  }

  // MARK: Channels

  /// What shows that somebody was handed an end of one side of a channel of this node.
  package func channelKey(_ channel: UInt32, _ side: ChannelSide) -> UInt64 {
    secret.number(.channel, channel, side.rawValue)
  }

  /// The number of this node's `count`-th ticket, which nobody can guess.
  package func ticketNumber(_ count: UInt64) -> UInt64 { secret.number(.ticket, count) }
}

/// What the two ends of one data link prove themselves with.
package struct LinkSecret: Sendable {
  fileprivate let secret: Secret

  fileprivate init(_ secret: Secret) { self.secret = secret }

  /// The proof of the end that connects: as this process, in reply to this question.
  package func helloProof(_ question: UInt64, by node: PeerAddress) -> Proof {
    secret.prove(.hello, question, node.pid, node.startTime, node.host)
  }

  /// The proof of the end that listens.
  package func welcomeProof(_ question: UInt64) -> Proof { secret.prove(.welcome, question) }
}

/// The secret of a link, sealed for the node that connects.
package struct Pass: Equatable, Sendable {
  package let bytes: [UInt8]

  package init(bytes: [UInt8]) { self.bytes = bytes }
}

/// A hash that only somebody with the secret could compute.
package struct Proof: Sendable {
  /// The size in bytes.
  package static let size = KeyedHash.size

  package let bytes: [UInt8]

  package init(bytes: [UInt8]) { self.bytes = bytes }

  /// Compares in a time that does not depend on the number of equal bytes.
  package func matches(_ other: Self) -> Bool {
    guard bytes.count == Self.size, other.bytes.count == Self.size else { return false }
    return zip(bytes, other.bytes).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }
}

extension Proof: Equatable {
  package static func == (left: Self, right: Self) -> Bool {
    left.bytes == right.bytes || left.matches(right)
  }
}

/// What a hash is for: one of one purpose is of no use for another.
private enum Purpose: String {
  case child
  case control
  case welcome
  case link
  case seal
  case hello
  case channel
  case ticket
}

extension Secret {
  /// The purpose as text, a zero byte, then the parts: little-endian integers, and paths as
  /// positions.
  private static func message<each Part: HashedPart>(
    _ purpose: Purpose, _ parts: repeat each Part
  ) -> [UInt8] {
    var bytes = Array(purpose.rawValue.utf8) + [0]
    repeat (each parts).append(to: &bytes)
    return bytes
  }

  fileprivate func derive<each Part: HashedPart>(
    _ purpose: Purpose, _ parts: repeat each Part
  ) -> Secret {
    let message = Self.message(purpose, repeat each parts)
    return Secret { place in
      withUnsafeBytes { KeyedHash.compute(message, key: $0, into: place) }
    }
  }

  fileprivate func prove<each Part: HashedPart>(
    _ purpose: Purpose, _ parts: repeat each Part
  ) -> Proof {
    let message = Self.message(purpose, repeat each parts)
    var bytes = [UInt8](repeating: 0, count: KeyedHash.size)
    bytes.withUnsafeMutableBytes { place in
      withUnsafeBytes { KeyedHash.compute(message, key: $0, into: place) }
    }
    return Proof(bytes: bytes)
  }

  fileprivate func number<each Part: HashedPart>(
    _ purpose: Purpose, _ parts: repeat each Part
  ) -> UInt64 {
    prove(purpose, repeat each parts).bytes.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  fileprivate func combined(with other: Secret) -> [UInt8] {
    withUnsafeBytes { left in
      other.withUnsafeBytes { right in zip(left, right).map { $0 ^ $1 } }
    }
  }
}

private protocol HashedPart {
  func append(to bytes: inout [UInt8])
}

extension FixedWidthInteger {
  fileprivate func appendLittleEndian(to bytes: inout [UInt8]) {
    Swift.withUnsafeBytes(of: littleEndian) { bytes += $0 }
  }
}

extension UInt8: HashedPart {
  fileprivate func append(to bytes: inout [UInt8]) { appendLittleEndian(to: &bytes) }
}
extension Int32: HashedPart {
  fileprivate func append(to bytes: inout [UInt8]) { appendLittleEndian(to: &bytes) }
}
extension UInt32: HashedPart {
  fileprivate func append(to bytes: inout [UInt8]) { appendLittleEndian(to: &bytes) }
}
extension UInt64: HashedPart {
  fileprivate func append(to bytes: inout [UInt8]) { appendLittleEndian(to: &bytes) }
}
extension HostPath: HashedPart {
  fileprivate func append(to bytes: inout [UInt8]) {
    for number in numbers { number.append(to: &bytes) }
  }
}
extension NodePath: HashedPart {
  fileprivate func append(to bytes: inout [UInt8]) {
    for position in positions { position.append(to: &bytes) }
  }
}
