// How the kernels of a graphics processor share their work among threads.

// How many numbers one thread a number and 64 threads a group can reach along x; the rest are further rows of groups.
export const GROUP = 64;
export const ALONG = 65535;

// One thread a number, `u.count` of them.
export const each = (body) => `
@compute @workgroup_size(${GROUP}) fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = i32(id.x + id.y * ${GROUP * ALONG}u);
  if (i >= u.count) { return; }
  ${body}
}`;
