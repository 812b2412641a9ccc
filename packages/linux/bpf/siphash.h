/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SipHash-2-4 with 128 bits of output (Aumasson and Bernstein, 2012; the reference implementation's `outlen` 16), over whole
 * words. Without the secret no task can construct two acts with one key; by chance it would take 2^64 acts.
 */
#ifndef ISOLINE_SIPHASH_H
#define ISOLINE_SIPHASH_H

#include "maps.h"

struct sip {
	u64 v0, v1, v2, v3;
};

#define ROTATE(x, b) (((x) << (b)) | ((x) >> (64 - (b))))

static __always_inline void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v1 = ROTATE(s->v1, 13) ^ s->v0;
	s->v0 = ROTATE(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = ROTATE(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = ROTATE(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = ROTATE(s->v1, 17) ^ s->v2;
	s->v2 = ROTATE(s->v2, 32);
}

static __always_inline void sip_begin(struct sip *s)
{
	s->v0 = secret[0] ^ 0x736f6d6570736575ULL;
	s->v1 = secret[1] ^ 0x646f72616e646f6dULL ^ 0xee;
	s->v2 = secret[0] ^ 0x6c7967656e657261ULL;
	s->v3 = secret[1] ^ 0x7465646279746573ULL;
}

static __always_inline void sip_word(struct sip *s, u64 word)
{
	s->v3 ^= word;
	sip_round(s);
	sip_round(s);
	s->v0 ^= word;
}

/* `length` is in bytes and a multiple of eight, so the standard's last word holds nothing but the length. */
static __always_inline void sip_end(struct sip *s, u64 length, u64 key[2])
{
	sip_word(s, length << 56);
	s->v2 ^= 0xee;
	sip_round(s);
	sip_round(s);
	sip_round(s);
	sip_round(s);
	key[0] = s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
	s->v1 ^= 0xdd;
	sip_round(s);
	sip_round(s);
	sip_round(s);
	sip_round(s);
	key[1] = s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

#endif
