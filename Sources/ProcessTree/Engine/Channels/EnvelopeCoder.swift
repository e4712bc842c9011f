internal import ProcessTreeMessagePack

/// Codes the requests and replies of one end of a service.
///
/// Both are arrays, of a request's deadline and the request, and of a kind's number and what the
/// kind carries. They have no types: each call would look up the metadata of generic ones. Making a
/// coder costs as much as coding some requests, so an end keeps one; it encodes one value at a
/// time.
struct EnvelopeCoder {
  private let encoder: EndEncoder
  private let decoder: MessagePackDecoder

  /// What a reply is.
  enum Kind: UInt8 {
    case reply = 0
    case failure = 1
    /// The time for the request was over.
    case late = 2
  }

  /// - Parameter context: Nil where ends of channels are refused.
  init(_ context: ChannelContext?) {
    encoder = EndEncoder(context)
    decoder = MessageCoding.decoder(at: context)
  }

  // MARK: Requests

  /// Encodes a request with the name of its deadline; the time that is left travels beside it.
  func encode<Request: Encodable>(
    _ request: Request, by deadline: RequestDeadline.Name?
  ) throws(ProcessTreeError) -> [UInt8] {
    try encode(Request.self) { encoder, writer in
      if let deadline {
        try encoder.encode(deadline, into: &writer)
      } else {
        writer.packNil()
      }
      try encoder.encode(request, into: &writer)
    }
  }

  /// Decodes the name of a request's deadline, if it has one; also the offset of the request.
  func decodeDeadline(
    in bytes: UnsafeRawBufferPointer
  ) throws -> (deadline: RequestDeadline.Name?, end: Int) {
    let start = try Self.open(bytes)
    guard !MessagePackDecoder.isNil(in: bytes, at: start) else { return (nil, start + 1) }
    let (deadline, end) = try decoder.decode(RequestDeadline.Name.self, from: bytes, at: start)
    return (deadline, end)
  }

  // MARK: Replies

  /// Encodes a reply of a kind that carries something.
  func encode<Body: Encodable>(
    _ kind: Kind, _ body: Body
  ) throws(ProcessTreeError) -> [UInt8] {
    try encode(Body.self) { encoder, writer in
      writer.pack(Int(kind.rawValue))
      try encoder.encode(body, into: &writer)
    }
  }

  /// The reply to a request whose time was over.
  static var late: [UInt8] {
    MessagePackEncoder.bytes {
      $0.packArrayHeader(1)
      $0.pack(Int(Kind.late.rawValue))
    }
  }

  /// Decodes the kind of a reply; also the offset of what it carries.
  func decodeKind(in bytes: UnsafeRawBufferPointer) throws -> (kind: Kind, end: Int) {
    let start = try Self.open(bytes)
    let (number, end) = try decoder.decode(UInt8.self, from: bytes, at: start)
    guard let kind = Kind(rawValue: number) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: [], debugDescription: "there is no reply of kind \(number)"))
    }
    return (kind, end)
  }

  // MARK: Both

  /// Decodes a request, or what a reply carries.
  func decode<Body: Decodable>(
    _ type: Body.Type, in bytes: UnsafeRawBufferPointer, at offset: Int
  ) throws -> Body {
    try decoder.decodeLast(type, from: bytes, at: offset)
  }

  private func encode(
    _ type: any Any.Type, _ body: (MessagePackEncoder, inout MessagePackWriter) throws -> Void
  ) throws(ProcessTreeError) -> [UInt8] {
    do {
      return try encoder.encode { encoder, writer in
        writer.packArrayHeader(2)
        try body(encoder, &writer)
      }.bytes
    } catch {
      throw MessageCoding.notEncodable(type, error)
    }
  }

  /// The offset of the first field.
  private static func open(_ bytes: UnsafeRawBufferPointer) throws -> Int {
    try MessagePackDecoder.arrayHeader(in: bytes).end
  }
}
