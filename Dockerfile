# The page in a container: docker build -t musicgen-studio . && docker run -p 7860:7860 -v takes:/data musicgen-studio
FROM python:3.12-slim

RUN apt-get update && apt-get install -y --no-install-recommends ffmpeg && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 studio && mkdir /data && chown studio /data
WORKDIR /home/studio/app

COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt

COPY --chown=studio . .
USER studio
ENV MUSICGEN_HOST=0.0.0.0 MUSICGEN_PORT=7860 MUSICGEN_DATA_DIR=/data
VOLUME /data
EXPOSE 7860
HEALTHCHECK CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860/health', timeout=5)"]
CMD ["python", "app.py"]
