/// An array whose elements decode themselves.
protocol DecodableArray {
  static func decode(at offset: Int, by core: DecoderCore) throws -> Self
}

extension Array: DecodableArray where Element: Decodable {
  static func decode(at offset: Int, by core: DecoderCore) throws -> [Element] {
    try core.decodeElements(Element.self, at: offset)
  }
}

// Arrays of other types than the known ones, without a container and without the standard library's
// code, which looks up a type for each element.
extension DecoderCore {
  /// The most bytes that elements take before the first of them has been decoded.
  private static var reserve: Int { 1 << 20 }

  /// How a long array at an offset is decoded; nil for other values.
  @inline(__always)
  func arrayType<T: Decodable>(of type: T.Type, at offset: Int) -> (any DecodableArray.Type)? {
    guard LongArray.isArray(type) else { return nil }
    var cursor = cursor(at: offset)
    guard let count = try? cursor.readArrayHeader(limit: .max), count >= LongArray.fewest else {
      return nil
    }
    return arrays.answer(for: type) { type as? any DecodableArray.Type }
  }

  /// Decodes an array.
  func decodeArray<T: Decodable>(
    _ type: T.Type, _ array: any DecodableArray.Type, at offset: Int, _ element: PathElement?
  ) throws -> T {
    guard depth < input.limits.depth else {
      throw decodingError(.tooDeep(at: offset, limit: input.limits.depth), type, offset, element)
    }
    depth &+= 1
    if let element { path.append(element) }
    defer {
      depth &-= 1
      if element != nil { path.removeLast() }
    }
    func decode<A: DecodableArray>(_ array: A.Type) throws -> T {
      unsafeBitCast(try array.decode(at: offset, by: self), to: T.self)
    }
    return try decode(array)
  }

  fileprivate func decodeElements<Element: Decodable>(
    _ type: Element.Type, at offset: Int
  ) throws -> [Element] {
    var cursor = cursor(at: offset)
    let count: Int
    do throws(MessagePackError) {
      count = try cursor.readArrayHeader(limit: input.limits.collectionCount)
    } catch {
      throw decodingError(error, [Any].self, offset, nil)
    }
    lastEnd = cursor.offset
    guard count > 0 else { return [] }
    let isPlain = KnownArray.of(type) == .none && !LongArray.isArray(type)
    // A header costs its sender little, so it does not decide how much is allocated.
    let room = min(cursor.remaining, Self.reserve) / MemoryLayout<Element>.stride
    let first = min(count, max(16, room))
    var index = 0
    return try withUnsafeMutablePointer(to: &index) { index in
      path.append(.counted(UnsafePointer(index)))
      defer { path.removeLast() }
      var elements = try [Element](unsafeUninitializedCapacity: first) { elements, decoded in
        while decoded < first {
          let place = elements.baseAddress.unsafelyUnwrapped + decoded
          place.initialize(to: try decodeElement(type, isPlain))
          decoded &+= 1
          index.pointee = decoded
        }
      }
      while elements.count < count {
        elements.append(try decodeElement(type, isPlain))
        index.pointee = elements.count
      }
      return elements
    }
  }

  /// Decodes the element after the last one.
  @inline(__always)
  private func decodeElement<Element: Decodable>(
    _ type: Element.Type, _ isPlain: Bool
  ) throws -> Element {
    if isPlain { return try decodeNested(type, at: lastEnd) }
    return try decodeComposite(type, at: lastEnd, nil)
  }
}
