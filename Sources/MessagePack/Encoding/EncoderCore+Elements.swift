/// An array whose elements encode themselves.
protocol EncodableArray {
  func encodeElements(by core: EncoderCore) throws
}

extension Array: EncodableArray where Element: Encodable {
  func encodeElements(by core: EncoderCore) throws {
    try withUnsafeBufferPointer { try core.encodeElements($0) }
  }
}

// Arrays of other types than the known ones, without a container and without the standard library's
// code, which copies each element.
extension EncoderCore {
  /// How a long array is encoded; nil for other values.
  @inline(__always)
  func arrayType<T: Encodable>(of value: T) -> (any EncodableArray.Type)? {
    // The count is at the same place in all arrays.
    guard LongArray.isArray(T.self),
      unsafeBitCast(value, to: [UInt8].self).count >= LongArray.fewest
    else { return nil }
    return arrays.answer(for: T.self) { T.self as? any EncodableArray.Type }
  }

  /// Encodes an array.
  func encodeArray<T: Encodable>(
    _ value: T, _ array: any EncodableArray.Type, _ element: PathElement?
  ) throws {
    guard depth < maximumDepth else {
      throw invalidValue(value, .tooDeep(at: nil, limit: maximumDepth), element)
    }
    depth &+= 1
    if let element { path.append(element) }
    defer {
      depth &-= 1
      if element != nil { path.removeLast() }
    }
    func encode<A: EncodableArray>(_ array: A.Type) throws {
      try unsafeBitCast(value, to: array).encodeElements(by: self)
    }
    try encode(array)
  }

  fileprivate func encodeElements<Element: Encodable>(
    _ elements: UnsafeBufferPointer<Element>
  ) throws {
    guard elements.count <= 0xffff_ffff else {
      throw encodingError(
        .tooLarge(at: 0, what: "array", length: elements.count, limit: 0xffff_ffff))
    }
    buffer.pointee.packArrayHeader(elements.count)
    guard let base = UnsafeRawPointer(elements.baseAddress), !elements.isEmpty else { return }
    let isPlain = KnownArray.of(Element.self) == .none && !LongArray.isArray(Element.self)
    var index = 0
    try withUnsafeMutablePointer(to: &index) { index in
      path.append(.counted(UnsafePointer(index)))
      defer { path.removeLast() }
      while index.pointee < elements.count {
        // By bytes, since the size of an element that is not copied would be looked up each time.
        let place = base + index.pointee &* MemoryLayout<Element>.stride
        try encodeElement(
          place.assumingMemoryBound(to: Borrowed<Element>.self).pointee, isPlain)
        index.pointee &+= 1
      }
    }
  }

  private func encodeElement<Element: Encodable>(
    _ element: borrowing Borrowed<Element>, _ isPlain: Bool
  ) throws {
    if isPlain {
      try encodeNested(element.value)
    } else {
      try encodeComposite(element.value, nil)
    }
  }
}
