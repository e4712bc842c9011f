/// Values that travel together, as one array.
///
/// When one of them cannot be decoded, the others can be had all the same.
enum Column<Element: Codable & Sendable>: Codable, Sendable {
  case whole([Element])
  case broken([Result<Element, any Error>])

  var count: Int {
    switch self {
    case .whole(let elements): elements.count
    case .broken(let results): results.count
    }
  }

  init(from decoder: any Decoder) throws {
    do {
      self = .whole(try decoder.singleValueContainer().decode([Element].self))
    } catch {
      self = .broken(try [Attempt](from: decoder).map(\.result))
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .whole(let elements): try container.encode(elements)
    case .broken(let results): try container.encode(results.map { try $0.get() })
    }
  }

  /// Decodes an element and keeps the error when that fails.
  private struct Attempt: Decodable {
    let result: Result<Element, any Error>

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      result = Result { try container.decode(Element.self) }
    }
  }
}
