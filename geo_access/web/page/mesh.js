// Zones under the map, on a canvas of their own. Which zone a pixel shows is drawn once for a view; a moved threshold
// uploads a byte a zone and looks up each pixel's colour: neither triangles nor streets are drawn again for it.

const HEAD = "#version 300 es\nprecision highp float; precision highp int; precision highp usampler2D;\n";
const PLACE = `${HEAD}
uniform mat4 u_matrix; layout(location = 0) in vec2 a_place; layout(location = 1) in uint a_row; flat out uint v_row;
void main() { v_row = a_row + 1u; gl_Position = u_matrix * vec4(a_place, 0.0, 1.0); }`;
const OWNER = `${HEAD}flat in uint v_row; out uint row; void main() { row = v_row; }`;
const WHOLE = `${HEAD}void main() { gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0); }`;
const COLOUR = `${HEAD}
uniform usampler2D u_below; uniform usampler2D u_above; uniform usampler2D u_class; uniform usampler2D u_before;
uniform vec3 u_colour[9]; uniform vec2 u_opacity; uniform float u_split; uniform float u_stripe;
out vec4 colour;
vec4 shown(uint row, float opacity) {
  if (row == 0u) return vec4(0.0);
  ivec2 cell = ivec2(int((row - 1u) & 1023u), int((row - 1u) >> 10u));
  uint c = gl_FragCoord.x < u_split ? texelFetch(u_before, cell, 0).r : texelFetch(u_class, cell, 0).r;
  // Two sides of a curtain have no layer of hatches of their own: low zones are striped here.
  if (u_split >= 0.0 && c == 2u && mod(gl_FragCoord.x - gl_FragCoord.y, 6.0 * u_stripe) < u_stripe) return vec4(0.27, 0.0, 0.0, 0.85);
  return vec4(u_colour[int(min(c, 8u))] * opacity, opacity);
}
void main() {
  if (u_split >= 0.0 && abs(gl_FragCoord.x - u_split) < 1.5) { colour = vec4(0.08, 0.13, 0.17, 1.0); return; }
  ivec2 at = ivec2(gl_FragCoord.xy);
  vec4 over = shown(texelFetch(u_above, at, 0).r, u_opacity.y);
  colour = over + shown(texelFetch(u_below, at, 0).r, u_opacity.x) * (1.0 - over.a);
}`;

const WIDTH = 1024;

export function unpack(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  return { ...head, places: new Float32Array(buffer, 4 + length, 2 * head.vertices), owner: new Uint32Array(buffer, 4 + length + 8 * head.vertices, head.vertices) };
}

// World coordinates times the map's matrix, moved to the mesh's own origin in doubles: no jitter when zoomed in.
function moved(matrix, [x, y]) {
  const out = Float64Array.from(matrix);
  for (let k = 0; k < 4; k += 1) out[12 + k] = matrix[k] * x + matrix[4 + k] * y + matrix[12 + k];
  return Float32Array.from(out);
}

function linked(gl, vertex, fragment) {
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source); gl.compileShader(shader); gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) throw new Error(gl.getProgramInfoLog(program));
  return { program, at: (name) => gl.getUniformLocation(program, name) };
}

function empty(gl) {
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, name, gl.NEAREST);
  return texture;
}

export function meshLayer(id, mesh, hexes, opacities) {
  const palette = Float32Array.from(hexes.flatMap((hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)));
  const height = Math.max(1, Math.ceil(mesh.rows / WIDTH));
  const cells = new Uint8Array(WIDTH * height).fill(3), earlier = new Uint8Array(WIDTH * height).fill(3);
  const canvas = document.createElement("canvas");
  Object.assign(canvas.style, { position: "absolute", left: 0, top: 0, width: "100%", height: "100%", pointerEvents: "none" });
  canvas.setAttribute("aria-hidden", "true");
  let gl = null, owner = null, whole = null, array = null, classes = null, before = null, split = null, owners = [], frame = 0, matrix = null, drawnFor = "";

  function begin() {
    gl = canvas.getContext("webgl2", { antialias: false, depth: false, stencil: false });
    if (!gl) throw new Error("webgl2");
    owner = linked(gl, PLACE, OWNER); whole = linked(gl, WHOLE, COLOUR);
    array = gl.createVertexArray(); gl.bindVertexArray(array);
    for (const [at, values] of [[0, mesh.places], [1, mesh.owner]]) {
      gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer()); gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW); gl.enableVertexAttribArray(at);
      if (at === 0) gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0); else gl.vertexAttribIPointer(1, 1, gl.UNSIGNED_INT, 0, 0);
    }
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    [before, classes] = [0, 1].map(() => { const texture = empty(gl); gl.texStorage2D(gl.TEXTURE_2D, 1, gl.R8UI, WIDTH, height); return texture; });
    owners = [[0, mesh.below], [mesh.below, mesh.vertices - mesh.below]].map(([first, count]) => ({ first, count, target: gl.createFramebuffer(), texture: null }));
    drawnFor = "";
  }

  // Which zone lies where, for this view.
  function place() {
    const key = `${canvas.width} ${canvas.height} ${matrix.join()}`;
    if (key === drawnFor) return;
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.useProgram(owner.program); gl.bindVertexArray(array);
    gl.uniformMatrix4fv(owner.at("u_matrix"), false, moved(matrix, mesh.origin));
    for (const one of owners) {
      gl.bindFramebuffer(gl.FRAMEBUFFER, one.target);
      if (!one.texture || one.size !== `${canvas.width} ${canvas.height}`) {
        gl.deleteTexture(one.texture);
        one.texture = empty(gl); one.size = `${canvas.width} ${canvas.height}`;
        gl.texStorage2D(gl.TEXTURE_2D, 1, gl.R32UI, canvas.width, canvas.height);
        gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, one.texture, 0);
      }
      gl.clearBufferuiv(gl.COLOR, 0, [0, 0, 0, 0]);
      if (one.count) gl.drawArrays(gl.TRIANGLES, one.first, one.count);
    }
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    drawnFor = key;
  }

  function draw() {
    if (!matrix || gl.isContextLost()) return;
    place();
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.useProgram(whole.program);
    [owners[0].texture, owners[1].texture, classes, before].forEach((texture, unit) => { gl.activeTexture(gl.TEXTURE0 + unit); gl.bindTexture(gl.TEXTURE_2D, texture); });
    for (const [unit, values] of split === null ? [[2, cells]] : [[2, cells], [3, earlier]]) {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, WIDTH, height, gl.RED_INTEGER, gl.UNSIGNED_BYTE, values);
    }
    gl.uniform1f(whole.at("u_split"), split === null ? -1 : split * canvas.width);
    gl.uniform1f(whole.at("u_stripe"), Math.max(2, (2 * canvas.width) / (canvas.clientWidth || canvas.width)));
    ["u_below", "u_above", "u_class", "u_before"].forEach((name, unit) => gl.uniform1i(whole.at(name), unit));
    gl.uniform3fv(whole.at("u_colour"), palette); gl.uniform2fv(whole.at("u_opacity"), opacities);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  const soon = () => { frame ||= requestAnimationFrame(() => { frame = 0; draw(); }); };
  canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
  canvas.addEventListener("webglcontextrestored", () => { begin(); draw(); });
  return {
    id, type: "custom", renderingMode: "2d", canvas,
    // However many steps of the slider fall into a frame, it is drawn once.
    colour(values) { cells.set(values); soon(); },
    // Left of the curtain other classes; none without a share of the width.
    curtain(values, share) { if (values) earlier.set(values); split = values ? share : null; soon(); },
    // Drawn in this very task, for whoever reads the canvas.
    now() { draw(); return canvas; },
    // What was drawn has reached the canvas: for whoever measures.
    finish() { const pixel = new Uint8Array(4); gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel); return pixel; },
    onAdd(map) {
      const above = map.getCanvas();
      above.parentNode.insertBefore(canvas, above);
      begin();
    },
    onRemove() { canvas.remove(); },
    render({ canvas: above }, { defaultProjectionData, modelViewProjectionMatrix }) {
      if (canvas.width !== above.width || canvas.height !== above.height) { canvas.width = above.width; canvas.height = above.height; }
      matrix = Array.from(defaultProjectionData?.mainMatrix || modelViewProjectionMatrix);
      draw();
    },
  };
}
