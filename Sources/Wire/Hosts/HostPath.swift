package import ProcessTreeMessagePack

/// Where a host is: the numbers of the hosts on the way there from that of the run's root, each of
/// which a node on the one before has opened.
///
/// A number is never used again in a run, so a host that was opened a second time is another one.
package struct HostPath: Hashable, Sendable {
  /// How many hosts can be opened from one another.
  package static let longest = 16

  /// The host of the run's root.
  package static let root = Self(numbers: [])

  package let numbers: [UInt32]

  package init(numbers: [UInt32]) { self.numbers = numbers }

  /// The host with this number that a node on this one has opened.
  package func child(_ number: UInt32) -> Self { Self(numbers: numbers + [number]) }

  /// The direction of another host.
  package enum Way: Equatable {
    case here
    /// To the host with this number, which was opened from this one.
    case down(UInt32)
    /// To the host from which this one was opened.
    case up
  }

  /// The next step from this host to another.
  package func way(to other: Self) -> Way {
    guard other.numbers.starts(with: numbers) else { return .up }
    guard other.numbers.count > numbers.count else { return .here }
    return .down(other.numbers[numbers.count])
  }
}

extension HostPath: WireField {
  package static func read(from reader: inout MessagePackReader) throws -> Self {
    let numbers = try [UInt32].read(from: &reader)
    guard numbers.count <= longest else { throw WireError("a host is not so far away") }
    return Self(numbers: numbers)
  }

  package func pack(into writer: inout MessagePackWriter) { numbers.pack(into: &writer) }
}
