internal import ProcessTreeMessagePack

/// The reply to the listener's question that begins each connection of a data link.
package struct PeerHello: Equatable, Sendable {
  /// Distinguishes a data link from other protocols.
  package static let magic = "process-tree-link"

  package var version: ProtocolVersion
  /// That the node is the one at the address.
  package var proof: Proof
  package var build: String
  /// The node that connects.
  package var address: PeerAddress
  /// The number of numbered frames that the node has received over this link so far.
  package var received: UInt64
  /// The number of the question that this hello answers.
  package var question: UInt64

  package init(
    version: ProtocolVersion = .current, proof: Proof = Proof(bytes: []), build: String,
    address: PeerAddress,
    received: UInt64 = 0, question: UInt64 = 0
  ) {
    self.version = version
    self.proof = proof
    self.build = build
    self.address = address
    self.received = received
    self.question = question
  }

  /// The frame: `[magic, major, minor, proof, build, path, name, pid, start time, endpoint,
  /// received, question]`, and the host behind them unless that is the root's.
  package func frame() -> [UInt8] {
    var writer = MessagePackWriter(capacity: 256)
    writer.packArrayHeader(address.host == .root ? 12 : 13)
    writer.pack(Self.magic)
    writer.pack(version.major)
    writer.pack(version.minor)
    writer.packBinary(proof.bytes)
    writer.pack(build)
    address.packFields(into: &writer)
    writer.pack(received)
    writer.pack(question)
    if address.host != .root { address.host.pack(into: &writer) }
    return writer.bytes
  }

  /// Reads a frame; throws `WireError` for anything that is not a hello.
  package init(frame: [UInt8]) throws(WireError) {
    guard frame.count <= Self.largestFrame else { throw WireError("a hello is not so large") }
    var reader = MessagePackReader(frame)
    do {
      let fields = try reader.readArrayHeader()
      guard fields >= 12, try reader.readString() == Self.magic else {
        throw WireError("not the hello of a data link")
      }
      version = ProtocolVersion(major: try reader.readInt(), minor: try reader.readInt())
      proof = Proof(bytes: try reader.readBinary())
      build = try reader.readString()
      address = try PeerAddress(fields: &reader)
      received = try reader.readUInt64()
      question = try reader.readUInt64()
      // A later minor version may add fields.
      if fields > 12 { address = address.on(try HostPath?.read(from: &reader) ?? .root) }
      for _ in 13..<max(13, fields) { try reader.skipValue() }
      guard reader.isAtEnd else { throw WireError("bytes after the hello") }
    } catch let error as WireError {
      throw error
    } catch {
      throw WireError("not the hello of a data link: \(error)")
    }
  }

  /// Room for the deepest path.
  package static let largestFrame = 8 << 10

  /// The same hello with what the connection needs: the question, and the proof of it.
  package func answering(_ question: UInt64, received: UInt64, by secret: LinkSecret) -> Self {
    var hello = self
    hello.question = question
    hello.received = received
    hello.proof = secret.helloProof(question, by: address)
    return hello
  }

  /// The reason for which a listener refuses a peer with this hello; nil if it does not.
  ///
  /// - Parameters:
  ///   - secret: What the ends of this link prove themselves with.
  ///   - build: The identity of the listener's build.
  ///   - sender: The process that connected, by the kernel; nil where nodes share one.
  package func refusal(
    by secret: LinkSecret, build: String, from sender: Int32?
  ) -> Refusal? {
    guard sender ?? address.pid == address.pid,
      secret.helloProof(question, by: address).matches(proof)
    else { return .unproved }
    return Refusal.of(address.name, speaking: version, build: self.build, by: build)
  }
}
