internal import Synchronization

/// An object that a call is done with, kept for the next call, on whatever thread that is.
struct Spare<Object: AnyObject>: ~Copyable, Sendable {
  /// The address of an object that is retained here, or 0.
  private let spare = Atomic<UInt>(0)

  func take() -> Object? {
    release(spare.exchange(0, ordering: .acquiring))
  }

  func keep(_ object: Object) {
    let address = UInt(bitPattern: Unmanaged.passRetained(object).toOpaque())
    _ = release(spare.exchange(address, ordering: .acquiringAndReleasing))
  }

  private func release(_ address: UInt) -> Object? {
    UnsafeRawPointer(bitPattern: address).map {
      Unmanaged<Object>.fromOpaque($0).takeRetainedValue()
    }
  }
}
