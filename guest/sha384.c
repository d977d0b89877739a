// SPDX-License-Identifier: MIT
/*
 * SHA-384 (FIPS 180-4) with nothing but integer registers.
 */
#include "guest/sha384.h"

#define BLOCK 128

/* The first 64 bits of the fractional parts of the cube roots of the first 80 primes. */
static const uint64_t k[80] = {
	0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
	0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
	0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
	0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
	0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
	0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
	0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
	0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
	0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
	0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
	0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
	0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
	0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
	0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
	0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
	0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
	0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
	0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
	0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
	0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};

static uint64_t ror(uint64_t x, unsigned n)
{
	return x >> n | x << (64 - n);
}

static uint64_t load_be(const uint8_t *p)
{
	uint64_t value = 0;

	for (int i = 0; i < 8; i++)
		value = value << 8 | p[i];
	return value;
}

static void schedule(uint64_t w[80], const uint8_t *block)
{
	for (int i = 0; i < 16; i++)
		w[i] = load_be(block + 8 * i);
	for (int i = 16; i < 80; i++) {
		uint64_t s0 = ror(w[i - 15], 1) ^ ror(w[i - 15], 8) ^ w[i - 15] >> 7;
		uint64_t s1 = ror(w[i - 2], 19) ^ ror(w[i - 2], 61) ^ w[i - 2] >> 6;

		w[i] = w[i - 16] + s0 + w[i - 7] + s1;
	}
}

static void round_step(uint64_t s[8], uint64_t input)
{
	uint64_t s1 = ror(s[4], 14) ^ ror(s[4], 18) ^ ror(s[4], 41);
	uint64_t t1 = s[7] + s1 + ((s[4] & s[5]) ^ (~s[4] & s[6])) + input;
	uint64_t s0 = ror(s[0], 28) ^ ror(s[0], 34) ^ ror(s[0], 39);
	uint64_t t2 = s0 + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));

	for (int i = 7; i > 0; i--)
		s[i] = s[i - 1];
	s[4] += t1;
	s[0] = t1 + t2;
}

static void compress(uint64_t state[8], const uint8_t *block)
{
	uint64_t w[80], s[8];

	schedule(w, block);
	for (int i = 0; i < 8; i++)
		s[i] = state[i];
	for (int i = 0; i < 80; i++)
		round_step(s, k[i] + w[i]);
	for (int i = 0; i < 8; i++)
		state[i] += s[i];
}

/* The rest of the message, a one bit, zeros, and the length in bits in the last eight bytes. */
static void finish(uint64_t state[8], const uint8_t *rest, size_t left, uint64_t total)
{
	uint8_t last[2 * BLOCK] = { 0 };
	size_t size = left < BLOCK - 16 ? BLOCK : 2 * BLOCK;

	for (size_t i = 0; i < left; i++)
		last[i] = rest[i];
	last[left] = 0x80;
	for (int i = 0; i < 8; i++)
		last[size - 1 - i] = (uint8_t)(total * 8 >> 8 * i);
	for (size_t at = 0; at < size; at += BLOCK)
		compress(state, last + at);
}

void sha384(const void *data, size_t size, uint8_t digest[SHA384_SIZE])
{
	const uint8_t *p = data;
	size_t left = size;
	uint64_t state[8] = {
		0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17, 0x152fecd8f70e5939,
		0x67332667ffc00b31, 0x8eb44a8768581511, 0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4,
	};

	for (; left >= BLOCK; left -= BLOCK, p += BLOCK)
		compress(state, p);
	finish(state, p, left, size);
	for (int i = 0; i < SHA384_SIZE; i++)
		digest[i] = (uint8_t)(state[i / 8] >> (56 - 8 * (i % 8)));
}
