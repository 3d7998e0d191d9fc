internal import COpenCL
import DRR
import Tensor

/// Multiply-adds of an OpenCL device that touch no memory, by a kernel of the bench's own.
final class OpenCLProbe {
  private let api: copencl_api
  private let queue: cl_command_queue
  private let kernel: cl_kernel
  private let buffer: cl_mem
  private let items: Int
  private let local: Int
  private let steps = 4_096
  private let width: Int

  /// Floating-point operations a run.
  var operations: Double { 2 * Double(width) * 8 * Double(steps) * Double(items) }

  /// Eight chains of vectors: more than the latency of a multiply-add.
  private static func source(width: Int) -> String {
    let type = width == 1 ? "float" : "float\(width)"
    let chains = 0..<8
    return """
      kernel void multiply_add(global \(type) *y, int steps) {
        \(type) x = 0.999f, z = 0.001f;
        \(chains.map { "\(type) c\($0) = (float)get_global_id(0) + \($0);" }.joined(separator: " "))
        for (int i = 0; i < steps; i++) {
          \(chains.map { "c\($0) = fma(c\($0), x, z);" }.joined(separator: " "))
        }
        y[get_global_id(0)] = \(chains.map { "c\($0)" }.joined(separator: " + "));
      }
      """
  }

  init(_ info: DeviceInfo) throws {
    var reason: UnsafePointer<CChar>?
    guard case .openCL(let platform, let index) = info.id, let api = copencl_open(&reason)?.pointee
    else { throw RunError("\(info.id) is no OpenCL device") }
    func check(_ call: String, _ status: cl_int) throws {
      guard status == CL_SUCCESS else { throw RunError("\(call) returned \(status)") }
    }
    var platforms = [cl_platform_id?](repeating: nil, count: platform + 1)
    try check(
      "clGetPlatformIDs", api.clGetPlatformIDs(cl_uint(platform + 1), &platforms, nil))
    var devices = [cl_device_id?](repeating: nil, count: index + 1)
    try check(
      "clGetDeviceIDs",
      api.clGetDeviceIDs(
        platforms[platform], cl_device_type(CL_DEVICE_TYPE_ALL), cl_uint(index + 1), &devices, nil))
    var status: cl_int = 0
    var device = devices[index]
    let context = api.clCreateContext(nil, 1, &device, nil, nil, &status)
    try check("clCreateContext", status)
    let queue = api.clCreateCommandQueue(context, device, 0, &status)
    try check("clCreateCommandQueue", status)
    width = info.kind == .cpu ? 16 : 1
    local = info.kind == .cpu ? 1 : 256
    items = info.computeUnits * (info.kind == .cpu ? 4 : 2_048)
    var program: cl_program?
    Self.source(width: width).withCString { text in
      var text: UnsafePointer<CChar>? = text
      program = api.clCreateProgramWithSource(context, 1, &text, nil, &status)
    }
    try check("clCreateProgramWithSource", status)
    try check("clBuildProgram", api.clBuildProgram(program, 1, &device, "", nil, nil))
    let kernel = api.clCreateKernel(program, "multiply_add", &status)
    try check("clCreateKernel", status)
    var buffer = api.clCreateBuffer(
      context, cl_mem_flags(CL_MEM_READ_WRITE), items * width * 4, nil, &status)
    try check("clCreateBuffer", status)
    guard let queue, let kernel, let memory = buffer else {
      throw RunError("\(info.id) gives no queue, kernel or buffer")
    }
    (self.api, self.queue, self.kernel, self.buffer) = (api, queue, kernel, memory)
    try check(
      "clSetKernelArg", api.clSetKernelArg(kernel, 0, MemoryLayout<cl_mem?>.size, &buffer))
    var count = cl_int(steps)
    try check("clSetKernelArg", api.clSetKernelArg(kernel, 1, 4, &count))
  }

  deinit {
    _ = api.clReleaseMemObject(buffer)
    _ = api.clReleaseKernel(kernel)
    _ = api.clReleaseCommandQueue(queue)
  }

  /// One launch, waited for.
  func run() throws {
    var (global, local) = (items, local)
    let status = api.clEnqueueNDRangeKernel(queue, kernel, 1, nil, &global, &local, 0, nil, nil)
    guard status == CL_SUCCESS, api.clFinish(queue) == CL_SUCCESS else {
      throw RunError("the multiply-add kernel failed with \(status)")
    }
  }
}
