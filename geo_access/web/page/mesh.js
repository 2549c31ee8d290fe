// Zones as triangles that never move: their colours are one small texture, so that a moved threshold uploads a byte each.

const VERTEX = `#version 300 es
uniform mat4 u_matrix; uniform highp usampler2D u_class; uniform vec4 u_colour[9];
layout(location = 0) in vec2 a_place; layout(location = 1) in uint a_row;
flat out vec4 v_colour;
void main() {
  uint c = texelFetch(u_class, ivec2(int(a_row & 1023u), int(a_row >> 10u)), 0).r;
  v_colour = u_colour[int(min(c, 8u))];
  gl_Position = u_matrix * vec4(a_place, 0.0, 1.0);
}`;
const FRAGMENT = `#version 300 es
precision mediump float;
uniform float u_opacity; flat in vec4 v_colour; out vec4 colour;
void main() { colour = vec4(v_colour.rgb * u_opacity, u_opacity); }`;

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

export function meshLayer(id, mesh, hexes, opacities) {
  const palette = Float32Array.from(hexes.flatMap((hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255).concat(1)));
  const height = Math.max(1, Math.ceil(mesh.rows / WIDTH));
  const cells = new Uint8Array(WIDTH * height).fill(3);
  let gl = null, program = null, uniforms = {}, array = null, texture = null, fresh = true;
  const shader = (kind, source) => { const made = gl.createShader(kind); gl.shaderSource(made, source); gl.compileShader(made); return made; };
  return {
    id, type: "custom", renderingMode: "2d",
    colour(classes) { cells.set(classes); fresh = true; },
    onAdd(map, context) {
      gl = context;
      program = gl.createProgram();
      gl.attachShader(program, shader(gl.VERTEX_SHADER, VERTEX)); gl.attachShader(program, shader(gl.FRAGMENT_SHADER, FRAGMENT)); gl.linkProgram(program);
      for (const name of ["u_matrix", "u_class", "u_colour", "u_opacity"]) uniforms[name] = gl.getUniformLocation(program, name);
      array = gl.createVertexArray(); gl.bindVertexArray(array);
      for (const [at, values] of [[0, mesh.places], [1, mesh.owner]]) {
        gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer()); gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW); gl.enableVertexAttribArray(at);
        if (at === 0) gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0); else gl.vertexAttribIPointer(1, 1, gl.UNSIGNED_INT, 0, 0);
      }
      gl.bindVertexArray(null);
      texture = gl.createTexture(); fresh = true;
    },
    render(context, { defaultProjectionData, modelViewProjectionMatrix }) {
      gl.useProgram(program); gl.bindVertexArray(array);
      gl.activeTexture(gl.TEXTURE0); gl.bindTexture(gl.TEXTURE_2D, texture);
      if (fresh) {
        gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1); gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, false); gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false);
        for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, name, gl.NEAREST);
        gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8UI, WIDTH, height, 0, gl.RED_INTEGER, gl.UNSIGNED_BYTE, cells);
        fresh = false;
      }
      gl.uniform1i(uniforms.u_class, 0); gl.uniform4fv(uniforms.u_colour, palette);
      gl.uniformMatrix4fv(uniforms.u_matrix, false, moved(defaultProjectionData?.mainMatrix || modelViewProjectionMatrix, mesh.origin));
      gl.enable(gl.BLEND); gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA); gl.disable(gl.DEPTH_TEST); gl.disable(gl.STENCIL_TEST); gl.disable(gl.CULL_FACE);
      for (const [first, count, opacity] of [[0, mesh.below, opacities[0]], [mesh.below, mesh.vertices - mesh.below, opacities[1]]]) {
        if (count) { gl.uniform1f(uniforms.u_opacity, opacity); gl.drawArrays(gl.TRIANGLES, first, count); }
      }
      gl.bindVertexArray(null);
    },
  };
}
