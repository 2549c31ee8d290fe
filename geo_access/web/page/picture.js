// What is shown as one picture: sentence, map or bars, legend, sources and hash.

const WIDTH = 1200;

function wrapped(pen, text, width) {
  const lines = [""];
  for (const word of text.split(" ")) {
    const longer = `${lines[lines.length - 1]} ${word}`.trim();
    if (pen.measureText(longer).width > width && lines[lines.length - 1]) lines.push(word); else lines[lines.length - 1] = longer;
  }
  return lines;
}

export async function picture({ title, told, bars, map, legend, foot }, name) {
  const canvas = document.createElement("canvas");
  let pen = canvas.getContext("2d");
  const drawn = map ? Math.round((map.height * (WIDTH - 48)) / map.width) : 26 * bars.length;
  canvas.width = WIDTH; canvas.height = 200 + drawn + 26 * legend.length + 110;
  pen = canvas.getContext("2d");
  pen.fillStyle = "#fff"; pen.fillRect(0, 0, canvas.width, canvas.height);
  let y = 44;
  const write = (text, font, step, ink = "#14202b") => { pen.font = font; pen.fillStyle = ink; for (const line of wrapped(pen, text, WIDTH - 48)) { pen.fillText(line, 24, y); y += step; } };
  write(title, "600 24px sans-serif", 32);
  write(told, "18px sans-serif", 26);
  y += 6;
  if (map) { pen.drawImage(map, 24, y, WIDTH - 48, drawn); y += drawn + 30; } else {
    for (const bar of bars) {
      pen.font = "16px sans-serif"; pen.fillStyle = "#14202b"; pen.fillText(bar.name.slice(0, 52), 24, y + 16);
      pen.fillStyle = "#2166ac"; pen.fillRect(470, y + 3, 560 * bar.share, 16);
      pen.fillStyle = "#14202b"; pen.fillText(bar.shown, 1050, y + 16);
      y += 26;
    }
    y += 24;
  }
  for (const [background, text] of legend) {
    const plain = background.match(/#[0-9a-f]{3,6}|rgb\([^)]*\)(?![^(]*gradient)/gi);
    pen.fillStyle = plain ? plain[plain.length - 1] : "#fff"; pen.fillRect(24, y - 14, 26, 16); pen.strokeStyle = "#555"; pen.strokeRect(24, y - 14, 26, 16);
    pen.fillStyle = "#14202b"; pen.font = "16px sans-serif"; pen.fillText(text, 60, y); y += 26;
  }
  write(foot, "14px sans-serif", 20, "#4a5966");
  const blob = await new Promise((resolve) => { canvas.toBlob(resolve, "image/png"); });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob); link.download = name; link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
